import { isIP, Socket } from 'node:net';

/*
 * Loaded into every process of a test run, those that tests start, too: refuses any connection that leaves this machine, so that no test can reach a real
 * provider, pay for anything or publish anything.
 */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const GUARDED = Symbol.for('loopback-only');

if (!Socket.prototype[GUARDED]) {
  const connect = Socket.prototype.connect;
  Socket.prototype[GUARDED] = true;
  Socket.prototype.connect = function (...args) {
    // Node hands the normalized form over as one array.
    const [first, second] = Array.isArray(args[0]) ? args[0] : args;
    const { host, path } = typeof first === 'object' && first !== null ? first : { host: typeof second === 'string' ? second : undefined };
    const isLocal = typeof path === 'string' || host === undefined || host === null || LOOPBACK.test(host);
    if (isLocal) return connect.apply(this, args);
    const where = isIP(host) ? host : `"${host}"`;
    const refused = new Error(`A test wanted to connect to ${where}; tests reach nothing but this machine`);
    // Not at once: whoever connects has more to set up, a listener for errors among it.
    process.nextTick(() => this.destroy(refused));
    return this;
  };
}
