// Stands in for react-style-singleton, which writes <style> elements: the same component, over ui/sheet.tsx.

import { Sheet } from "./sheet.tsx";

export function styleSingleton() {
  return ({ styles }: { styles: string; dynamic?: boolean }) => <Sheet>{styles}</Sheet>;
}
