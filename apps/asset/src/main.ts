import { runService } from '#stage';
import { AssetModule } from './asset.module.js';

if (import.meta.main) await runService('asset', AssetModule);
