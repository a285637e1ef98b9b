export { NotionClient, type Turn } from './client.js';
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
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
