/** Settings that are replaced as a whole, and those who want to know when. */
export class FollowedSettings<T> {
  private readonly listeners: ((settings: T) => void)[] = [];

  constructor(private settings: T) {}

  get current(): T {
    return this.settings;
  }

  /** @param listener called now, and whenever the settings change */
  follow(listener: (settings: T) => void): void {
    this.listeners.push(listener);
    listener(this.settings);
  }

  set(settings: T): void {
    this.settings = settings;
    for (const listener of this.listeners) listener(settings);
  }
}
