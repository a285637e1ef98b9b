import { runService } from '#stage';
import { UploadModule } from './upload.module.js';

if (import.meta.main) await runService('upload', UploadModule);
