export { loggerModule } from './logger.js';
