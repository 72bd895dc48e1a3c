/** The product's mark. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M7 1h10a6 6 0 0 1 6 6v9a6 6 0 0 1-6 6H3a2 2 0 0 1-2-2V7a6 6 0 0 1 6-6Z" fill="var(--u-brand)" />
      <path d="M7.5 7v4.6a4.5 4.5 0 0 0 9 0V7" fill="none" stroke="var(--u-brand-text)" strokeWidth="2.3" strokeLinecap="round" />
    </svg>
  );
}
