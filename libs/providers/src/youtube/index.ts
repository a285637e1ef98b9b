export { fixedToken, type AccessTokens, type CallMeter, type QuotaCall } from './access.js';
export { YouTubeClient } from './client.js';
export { unitsUsedUp, uploadsUsedUp } from './failure.js';
export { GrantFile, grantOf, parseGrant, serializeGrant, type OAuthGrant } from './grant.js';
export { GoogleOAuth } from './oauth.js';
export type { UploadSession } from './upload-session.js';
