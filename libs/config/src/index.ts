export { ChannelSettings, ChannelYouTube, PRIVACIES, readChannels, type Channel, type Privacy } from './channels.js';
export { settings, SettingsModule } from './settings.module.js';
export { prices } from './prices.js';
export {
  SIMULATED_KEY,
  SIMULATOR_PATHS,
  elevenLabsAccess,
  geminiAccess,
  kieAccess,
  makesSimulatedMedia,
  notionAccess,
  youtubeAccess,
  type ProviderAccess,
  type YouTubeAccess,
} from './providers.js';
export { SETTINGS, SettingsError, environmentExample, readSettings, required, type Settings } from './settings.js';
