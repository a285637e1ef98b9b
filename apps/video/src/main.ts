import { runService } from '#stage';
import { VideoModule } from './video.module.js';

if (import.meta.main) await runService('video', VideoModule);
