// The icons: 24x24 lines, decoration that screen readers skip.

const paths = {
  close: "M6 6l12 12M18 6L6 18", down: "M6 9l6 6 6-6", send: "M12 19V5M5.5 11.5L12 5l6.500 6.500", clip: "M20 11.500l-8.300 8.300a5 5 0 0 1-7.100-7.100l8.600-8.600a3.300 3.300 0 0 1 4.700 4.700l-8.600 8.600a1.700 1.700 0 0 1-2.400-2.400l7.700-7.700",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.500 14.500a4.300 4.300 0 0 0 7 0M9 9.500h.01M15 9.500h.01", dots: "M5 12h.01M12 12h.01M19 12h.01", file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14", person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20a7 7 0 0 1 14 0", bot: "M12 4v3M6 7h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zM9 12v2M15 12v2",
  check: "M5 12.500l4.500 4.500L19 7.500", checks: "M2.500 12.500l4 4L15 8M11 15l1.500 1.500L21 8", clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2", alert: "M12 8v5M12 16.500h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
};

/** One of these; or another, whose line is d. */
export function Icon({ name, d }: { name: keyof typeof paths; d?: undefined } | { name: string; d: string }) {
  return (
    <svg class={`icon i-${name}`} viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={d ?? paths[name]} />
    </svg>
  );
}
