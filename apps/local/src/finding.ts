/** What a check has found: all is well, it will do for now, or it must be mended first. */
export interface Finding {
  /** What was looked at. */
  about: string;
  state: 'ok' | 'warning' | 'fault';
  found: string;
  /** What to do; only where something is. */
  fix?: string;
}

export const ok = (about: string, found: string): Finding => ({ about, state: 'ok', found });
export const warning = (about: string, found: string, fix: string): Finding => ({ about, state: 'warning', found, fix });
export const fault = (about: string, found: string, fix: string): Finding => ({ about, state: 'fault', found, fix });
