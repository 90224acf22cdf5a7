import { ElMessage } from "element-plus/es/components/message/index.mjs";
import "element-plus/es/components/message/style/css.mjs";

/** A short word at the top of the page that goes away by itself. */
export function tell(tone: "good" | "bad" | "plain", message: string): void {
  const type = { good: "success", bad: "error", plain: "info" } as const;
  ElMessage({ message, type: type[tone], grouping: true, duration: tone === "bad" ? 6_000 : 3_000 });
}
