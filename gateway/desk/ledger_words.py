"""What the ledger's errors say, in both languages; `{}` are filled from the error."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("必填，此行为空，也没有设默认值", "is needed; this row leaves it empty and there is no default"),
    "no_id": ("须有“摄像机编号”或“国标编码”之一", "needs a camera id or a GB/T 28181 code"),
    "bad_id": (
        "只能用小写字母、数字、-、_，最多 63 位",
        "may have lower-case letters, digits, '-' and '_', 63 at most",
    ),
    "bad_code": ("国标编码应为 20 位数字", "a GB/T 28181 code has 20 digits"),
    "rounded_code": (
        "编码已被电子表格四舍五入，请把该列设为文本后重新填写",
        "the spreadsheet has rounded this code: make the column text and enter it again",
    ),
    "repeated": ("与第 {row} 行是同一摄像机", "is the same camera as row {row}"),
    "not_a_number": ("不是数字", "is not a number"),
    "out_of_range": ("超出范围（{low} 至 {high}）", "is out of range ({low} to {high})"),
    "swapped": ("经度和纬度可能填反了", "longitude and latitude may have been swapped"),
    "no_position": ("坐标为 0，没有填写位置", "is zero: no position was entered"),
    "unknown_datum": ("坐标系应为 WGS-84 或 GCJ-02", "must be WGS-84 or GCJ-02"),
    "no_grid": ("该位置不在任何网格内，请在网格列中写明", "lies in no grid's outline: name the grid in its column"),
    "unknown_grid": ("没有这个网格：{name}", "there is no grid {name}"),
    "ambiguous_grid": ("有多个网格叫“{name}”，请写网格编码", "several grids are called {name}: give the code"),
    "other_scope": ("不在你管辖的网格内", "stands in grids that are not yours"),
    "bad_url": ("地址有误：{why}", "the address {why}"),
    "password_again": (
        "地址换了主机，须重新填写密码",
        "must be given again, for the address has another host",
    ),
    "no_ip": ("地址模板需要 IP 地址，此行没有", "the address template needs an IP address, which this row lacks"),
    "bad_ip": ("不是 IP 地址或主机名", "is no IP address or host name"),
    "forbidden_place": (
        "{zh}不得安装（《公共安全视频图像信息系统管理条例》{article}）；如在其外部，请在名称中写明，如“…门口”",
        "no camera may look into it ({en}): Order 799, article 8 ({article}); hanging outside, the name must say so",
    ),
    "unknown_placement": ("不认识的场所类型，应为：{choices}", "is no kind of place known here: {choices}"),
    "unknown_basis": ("不认识的法律依据，应为：{choices}", "is no legal basis known here: {choices}"),
    "about_persons": (
        "用途涉及识别人员身份或车牌，本系统只看场景，不识别身份",
        "is about who somebody is; GridPatrol flags scenes only",
    ),
    "not_yes_or_no": ("应填“是”或“否”", "must be yes or no"),
    "unknown_transport": ("应为 TCP 或 UDP", "must be TCP or UDP"),
    "unknown_heading": ("应为 0–360 的角度或方位（东、南、西北…）", "must be 0-360 degrees or a compass point"),
    "bad_name": ("只能用小写字母、数字、-、_：{name}", "may have lower-case letters, digits, '-' and '_': {name}"),
    "too_long": ("太长", "is too long"),
    "invalid": ("有误：{why}", "is not valid: {why}"),
    "site": ("与整体配置不符：{why}", "does not fit the rest of the configuration: {why}"),
    "not_a_ledger": ("不是可读取的 XLSX 或 CSV 文件", "is not an XLSX or CSV file that can be read"),
    "too_large": ("文件太大", "the file is too large"),
    "too_many_rows": ("行数太多（最多 50,000 行）", "has too many rows (50,000 at most)"),
    "too_many_columns": ("列数太多（最多 200 列）", "has too many columns (200 at most)"),
    "cell_too_long": ("单元格 {column} 太长", "cell {column} is too long"),
    "encoding": ("文字编码不是 UTF-8 或 GB18030", "the text is neither UTF-8 nor GB18030"),
    "empty": ("文件里没有数据", "the file holds no rows"),
    "no_headings": ("没有表头", "has no headings"),
    "same_heading": ("表头“{column}”出现了两次", "the heading {column} stands there twice"),
}


def worded(code: str, locale: str, params: Mapping[str, str]) -> str:
    """Return the words for an error; a locale that is not Chinese gets English."""
    chinese, english = _WORDS[code]
    return (chinese if locale.startswith("zh") else english).format_map(params)


def choose(locale: str, zh: str, en: str) -> str:
    """Return the word of the language."""
    return zh if locale.startswith("zh") else en
