export { NotionClient, type Turn } from './client.js';
export { findDataSources } from './find-place.js';
export { inspectDataSource, type Purpose } from './inspect.js';
export { PatientNotion } from './patient-notion.js';
export {
  CHANNEL_PROPERTIES,
  channelPropertiesOf,
  channelRowOf,
  propertiesOf,
  rowOf,
  type NotionChannelRow,
  type NotionRow,
  type PageOfRow,
  type RowUpdate,
  type ShownFile,
} from './row.js';
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
export { NotionSetup, type SetupWish } from './setup.js';
export { SetupReport } from './setup-report.js';
