export type { Engine, EngineOptions } from './engine.js';
export { startPostgres } from './postgres.js';
export { startRedis } from './redis.js';
