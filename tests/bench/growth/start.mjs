// How soon it is there.

const STARTS = 20;

/** From the start of the program until it says that it is ready. */
export async function start(world, report) {
  const took = [];
  for (let n = 0; n < STARTS; n++) {
    const daemon = await world.serve();
    took.push(daemon.ready_ms);
    await daemon.stop();
  }
  report.must(`start to ready with 200,000 appointments, ms (${STARTS} starts)`, took, '<=', 50);
}
