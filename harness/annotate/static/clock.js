// Seconds spent looking at a task: the clock stands still while the page is hidden or paused.

export class Clock {
  constructor() {
    this.spent = 0;
    this.since = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.wanted && this.start()));
  }

  /** Starts again from `seconds`: what an earlier look at the same task took. */
  restart(seconds = 0) {
    this.spent = seconds * 1000;
    this.since = null;
    this.start();
  }

  start() {
    this.wanted = true;
    if (this.since === null && !document.hidden) this.since = performance.now();
  }

  stop() {
    if (this.since !== null) this.spent += performance.now() - this.since;
    this.since = null;
  }

  pause() {
    this.wanted = false;
    this.stop();
  }

  seconds() {
    const running = this.since === null ? 0 : performance.now() - this.since;
    return Math.round((this.spent + running) / 10) / 100;
  }
}
