export {
  PORTS,
  ProviderUnreachable,
  SIMULATED_KEY,
  atOnce,
  check,
  choices,
  choose,
  clipSeconds,
  environmentOf,
  isSimulator,
  perMinute,
  reach,
  reachHosts,
  type ProviderName,
  type Reached,
  type ReachedHost,
} from './registry.js';
export { settingsOf, type ProviderSetting } from './settings.js';
export { ASPECT_RATIOS, type AspectRatio, type ModelPort, type Ports, type TextModel, type Waiting } from '../provider.js';
