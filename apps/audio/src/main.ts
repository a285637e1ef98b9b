import { runService } from '#stage';
import { AudioModule } from './audio.module.js';

if (import.meta.main) await runService('audio', AudioModule);
