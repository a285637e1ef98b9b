export { NotionClient, type Turn } from './client.js';
export { PROPERTIES, type NotionRow } from './row.js';
export { handshakeToken, isSecret, isSigned, parseAutomationEvent, parseEvent, NotionEvent } from './webhook.js';
