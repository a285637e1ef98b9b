import { Module } from '@nestjs/common';
import { ChatModule } from './chat/chat.module.js';
import { ElevenLabsModule } from './elevenlabs/elevenlabs.module.js';
import { FaultsModule } from './faults/faults.module.js';
import { FilesModule } from './files.js';
import { GeminiModule } from './gemini/gemini.module.js';
import { GoogleModule } from './google/google.module.js';
import { KieModule } from './kie/kie.module.js';
import { LedgerModule } from './ledger.module.js';
import { NotionModule } from './notion/notion.module.js';

/** Everything outside the product, on one port. */
@Module({
  imports: [FaultsModule, LedgerModule, FilesModule, GeminiModule, KieModule, ElevenLabsModule, NotionModule, GoogleModule, ChatModule],
})
export class SimulatorModule {}
