export { YouTubeClient, type VideoMetadata } from './client.js';
export { GrantFile, grantOf, parseGrant, serializeGrant, type OAuthGrant } from './grant.js';
export { GoogleOAuth } from './oauth.js';
