export {
  PORTS,
  ProviderUnreachable,
  SIMULATED_KEY,
  atOnce,
  check,
  choices,
  clipSeconds,
  environmentOf,
  isSimulator,
  reach,
  reachHosts,
  settingsOf,
  type ProviderName,
  type ProviderSetting,
  type Reached,
  type ReachedHost,
} from './registry.js';
export { ASPECT_RATIOS, type AspectRatio, type ModelPort, type Ports, type TextModel, type Waiting } from '../provider.js';
