export { intendCall } from './calls.js';
export { createTestDatabase, testRedis, type TestDatabase, type TestRedis } from './engines.js';
export { eventually } from './eventually.js';
export { reads } from './reads.js';
