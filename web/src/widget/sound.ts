// The sound of a message: two soft notes, made here, so that there is no file to load. Browsers allow it once the visitor has
// done something on the page.

let context: AudioContext | null = null;

export function chime(): void {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") void context.resume().catch(() => {});
    const start = context.currentTime + 0.02;
    for (const [at, pitch] of [[0, 660], [0.11, 880]] as const) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.type = "sine";
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, start + at);
      gain.gain.linearRampToValueAtTime(0.09, start + at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0005, start + at + 0.4);
      tone.connect(gain).connect(context.destination);
      tone.start(start + at);
      tone.stop(start + at + 0.45);
    }
  } catch {
    // No sound on this machine.
  }
}
