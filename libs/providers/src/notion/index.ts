export { NotionClient } from './client.js';
export { NOTION_BLOCK_LIMIT } from './failure.js';
export { uploadFile, type FileToUpload } from './files.js';
export { type Turn } from './requests.js';
export {
  CHANNEL_PROPERTIES,
  PROPERTIES,
  ROW_PROPERTIES,
  ROW_PROPERTY_NAMES,
  propertyNames,
  type NotionRow,
  type PropertyKind,
  type PropertyNames,
  type RowProperty,
} from './row.js';
export { writeStoryboard, type StoryboardWriting } from './storyboard-page.js';
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
