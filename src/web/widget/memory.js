/* What is remembered from one visit to the next: the zone and the clock. Storage may be blocked. */

export const memory = {
  read() {
    try {
      return JSON.parse(localStorage.getItem('mosaic-booking')) ?? {};
    } catch {
      return {};
    }
  },
  write(changes) {
    try {
      localStorage.setItem('mosaic-booking', JSON.stringify({ ...this.read(), ...changes }));
    } catch {
      /* storage is blocked: the choice lasts as long as the page */
    }
  },
};
