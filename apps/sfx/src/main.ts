import { runService } from '#stage';
import { SfxModule } from './sfx.module.js';

if (import.meta.main) await runService('sfx', SfxModule);
