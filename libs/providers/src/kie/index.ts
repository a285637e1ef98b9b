export { Kie } from './kie.js';
