/* Other coaches than the one whose times the page shows: whoever was chosen of any, and those of a client's sessions. */

/* Asks who `coaches` are and what they offer, of each once; where that can't be had, there are fewer words about them. */
export async function meet(panel, coaches) {
  const strangers = [...new Set(coaches)].filter((coach) => coach && !panel.of(coach));
  await Promise.all(
    strangers.map(async (coach) => {
      const query = new URLSearchParams({ coach });
      const reply = await panel
        .call('GET', `booking/availability?${query}`, { quiet: true })
        .catch(() => null);
      if (reply) panel.others.set(coach, reply);
    }),
  );
}

/* Who was chosen for a client who asked for any coach; an appointment names them. */
export async function takeCoach(panel, { coach }) {
  if (panel.answer?.coach !== 'any' || panel.chosen === coach) return;
  await meet(panel, [coach]);
  panel.chosen = coach;
}
