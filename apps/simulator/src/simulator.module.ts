import { Module } from '@nestjs/common';
import { CatboxModule } from './catbox/catbox.module.js';
import { ChatModule } from './chat/chat.module.js';
import { ElevenLabsModule } from './elevenlabs/elevenlabs.module.js';
import { FaultsModule } from './faults/faults.module.js';
import { FilesModule } from './files.js';
import { GeminiModule } from './gemini/gemini.module.js';
import { GoogleModule } from './google/google.module.js';
import { KieModule } from './kie/kie.module.js';
import { LedgerModule } from './ledger.module.js';
import { NotionModule } from './notion/notion.module.js';
import { OpenAiModule } from './openai/openai.module.js';
import { ScenariosModule } from './scenarios/scenarios.module.js';
import { TrafficModule } from './traffic/traffic.module.js';

const PROVIDERS = [GeminiModule, OpenAiModule, KieModule, CatboxModule, ElevenLabsModule, NotionModule, GoogleModule, ChatModule];

/** Everything outside the product, on one port. */
@Module({ imports: [FaultsModule, ScenariosModule, TrafficModule, LedgerModule, FilesModule, ...PROVIDERS] })
export class SimulatorModule {}
