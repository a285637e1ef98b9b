export { NotionClient } from './client.js';
export { NOTION_BLOCK_LIMIT } from './failure.js';
export { uploadFile, type FileToUpload } from './files.js';
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
export { writeStoryboard, type StoryboardWriting } from './storyboard-page.js';
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
export { channelProperties, configurationsOf, videoProperties } from './schema.js';
export { NotionSetup } from './setup.js';
export { SetupReport } from './setup-report.js';
