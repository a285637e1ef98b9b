export { NotionClient } from './client.js';
export { NOTION_BLOCK_LIMIT } from './failure.js';
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
export { type ShownStoryboard } from './storyboard-blocks.js';
export { writeStoryboard, type StoryboardWriting } from './storyboard-page.js';
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
