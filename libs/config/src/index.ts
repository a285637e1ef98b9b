export {
  ChannelSettings,
  ChannelYouTube,
  PRIVACIES,
  inspectChannels,
  missingBrandFiles,
  readChannels,
  slotsAfter,
  type BrokenChannelFile,
  type Channel,
  type ChannelFile,
  type GoodChannelFile,
  type Privacy,
  type Storage,
} from './channels.js';
export { lanesOf, providerOfStep, simulatedKinds, type Lane } from './lanes.js';
export { settings, SettingsModule } from './settings.module.js';
export { clipLengths, estimate, expectedUsd, prices } from './prices.js';
export { SIMULATOR_PATHS, makesSimulatedMedia, notionAccess, providerOf, youtubeAccess, type YouTubeAccess } from './providers.js';
export {
  OUTSIDE_SETTINGS,
  SETTINGS,
  SettingsError,
  environmentExample,
  propertyNamesText,
  readSettings,
  required,
  type Settings,
} from './settings.js';
