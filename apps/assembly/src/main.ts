import { runService } from '#stage';
import { AssemblyModule } from './assembly.module.js';

if (import.meta.main) await runService('assembly', AssemblyModule);
