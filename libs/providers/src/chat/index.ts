export { tell } from './chat.js';
