import { ConfigModule, registerAs } from '@nestjs/config';
import { readSettings } from './settings.js';

/** Injects the settings: `@Inject(settings.KEY) private readonly settings: Settings`. The only reader of the process environment. */
export const settings = registerAs('settings', () => readSettings(process.env));

/** Loads `.env` (variables that are already set win) and makes the settings injectable everywhere. */
export const SettingsModule = ConfigModule.forRoot({ isGlobal: true, cache: true, load: [settings] });
