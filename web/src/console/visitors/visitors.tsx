import { useTexts } from "../i18n/index.ts";
import { Page } from "../ui/page.tsx";

export default function Visitors({ id }: { id: string }) {
  const t = useTexts();
  return <Page title={t.visitors.title}><p>{id}</p></Page>;
}
