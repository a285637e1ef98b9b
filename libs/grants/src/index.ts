export { ChannelGrants } from './channel-grants.js';
