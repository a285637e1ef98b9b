export { NotionClient } from './client.js';
export { PROPERTIES, type NotionRow } from './row.js';
export { handshakeToken, isSigned, parseEvent, NotionEvent } from './webhook.js';
