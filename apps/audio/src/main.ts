import { startService } from '#stage';
import { AudioModule } from './audio.module.js';

if (import.meta.main) await startService(AudioModule);
