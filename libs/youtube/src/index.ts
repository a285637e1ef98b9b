export { ChannelGrants } from './channel-grants.js';
export { ChannelYouTube } from './channel-youtube.js';
export { Clock } from './clock.js';
export { YouTubeQuota, type QuotaForecast } from './youtube-quota.js';
