export { NotionClient } from './client.js';
export { uploadFile, type FileToUpload, type UploadedFile } from './files.js';
export { type Pace, type Turn } from './requests.js';
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
