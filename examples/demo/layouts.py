"""The five kinds of document: how each is laid out. Each function returns a `Page` ready to be finished."""

from random import Random
from typing import List, Sequence, Tuple

import fields
from typeset import Cell, Colour, Face, Page, width_of

# (ink of headings, pale tint of the same hue)
ACCENTS: List[Tuple[Colour, Colour]] = [
    ((24, 52, 112), (226, 234, 248)), ((20, 84, 62), (224, 242, 233)), ((112, 30, 44), (248, 229, 231)),
    ((70, 44, 108), (236, 230, 246)), ((40, 60, 76), (230, 236, 240)), ((104, 62, 12), (249, 238, 220)),
]

WORDS = {
    "ru": {
        "invoice": "Счёт № {n} от {d}", "buyer": "Покупатель: {b}", "head": ("Наименование", "Кол-во", "Цена", "Сумма"),
        "total": "Итого", "vat": "НДС 20%", "due": "Всего к оплате", "until": "Оплатить до {d}",
        "sign": "Директор {p}", "receipt": "Кассовый чек № {n}", "cashier": "Кассир {p}", "paid": "Оплачено картой",
        "thanks": "Спасибо за покупку!", "shop": "Магазин «{s}»",
    },
    "en": {
        "invoice": "Invoice No. {n} of {d}", "buyer": "Bill to: {b}", "head": ("Description", "Qty", "Price", "Amount"),
        "total": "Subtotal", "vat": "VAT 20%", "due": "Total due", "until": "Please pay by {d}",
        "sign": "Director {p}", "receipt": "Receipt No. {n}", "cashier": "Cashier {p}", "paid": "Paid by card",
        "thanks": "Thank you for shopping!", "shop": "{s}",
    },
}
WORDS["mixed"] = WORDS["ru"]

SHOPS = {"ru": ["Выдумка", "Небылица", "Пример"], "en": ["Mock Market", "Sample Store", "Fiction Foods"],
         "mixed": ["Sample Store"]}


def _home(language: str) -> str:
    """Whose people and streets a document has: a mixed one is Russian with English names in it."""
    return "en" if language == "en" else "ru"


def _date(rng: Random, language: str) -> str:
    return fields.long_date(rng, 2023, 2025) if language == "en" else fields.date(rng, 2023, 2025)


def grid(page: Page, head: Sequence[str], rows: Sequence[Sequence[str]], tint: Colour, ink: Colour) -> List[float]:
    """A table: the first column to the left, the others to the right. Returns where the columns are anchored."""
    strong = page.face.strong()
    widths = [max([width_of(head[c], strong)] + [width_of(row[c], page.face) for row in rows])
              for c in range(len(head))]
    gap = (page.right - page.left - sum(widths)) / (len(head) - 1)
    anchors, x = [], page.left
    for c, width in enumerate(widths):
        anchors.append(x if c == 0 else x + width)
        x += width + gap
    aligns = ["left"] + ["right"] * (len(head) - 1)
    page.row([Cell(t, x, a, strong, ink) for t, x, a in zip(head, anchors, aligns)], band=tint)
    for row in rows:
        page.row([Cell(t, x, a) for t, x, a in zip(row, anchors, aligns)])
        page.rule((222, 222, 226), before=0, after=0)
    return anchors


def strip(rng: Random, value: str, face: Face, turn: int) -> Page:
    paper, wave = [((250, 246, 240), (240, 226, 214)), ((243, 248, 250), (216, 231, 238)),
                   ((247, 244, 251), (230, 222, 240)), ((246, 250, 244), (219, 234, 214))][turn % 4]
    height = int(face.size_px * 2.1)
    width = int(min(900, max(600, width_of(value, face) + 96)))
    page = Page(width, face, margin=44, ink=(30, 30, 44), paper=paper)
    page.waves(height, wave, rng.uniform(0, 6))
    page.y = (height - page.leading * face.size_px) / 2
    page.line(value)
    return page


def invoice(rng: Random, language: str, face: Face, turn: int) -> Page:
    words, home = WORDS[language], _home(language)
    ink, tint = ACCENTS[turn % len(ACCENTS)]
    seller, address = fields.COMPANIES[home][turn % 6]
    buyer = fields.COMPANIES["en" if language == "mixed" else home][(turn + 2) % 6][0]
    page = Page(int(face.size_px * 31), face)
    page.rectangle(0, 0, page.width, 14, tint)
    page.line(seller, face=face.resized(1.25).strong(), ink=ink)
    page.line(address)
    page.rule()
    page.gap(0.3)
    page.line(words["invoice"].format(n=rng.randint(112, 986), d=_date(rng, language)), face=face.strong())
    page.line(words["buyer"].format(b=buyer))
    page.gap(0.5)
    rows, total = [], 0
    for name, price in rng.sample(fields.GOODS[language], 4):
        count = rng.randint(2, 12)
        total += count * price
        rows.append((name, str(count), fields.money(price, home), fields.money(count * price, home)))
    anchors = grid(page, words["head"], rows, tint, ink)
    vat = (total * 20 + 50) // 100
    page.gap(0.3)
    for label, amount, strong in ((words["total"], total, False), (words["vat"], vat, False),
                                  (words["due"], total + vat, True)):
        style = face.strong() if strong else face
        page.row([Cell(label, page.left, face=style), Cell(fields.money(amount, home), anchors[-1], "right", style)])
    page.gap(0.5)
    page.line(words["until"].format(d=_date(rng, language)))
    page.line(words["sign"].format(p=rng.choice(fields.PEOPLE[home]).short))
    return page


def receipt(rng: Random, language: str, face: Face, turn: int) -> Page:
    words, home = WORDS[language], _home(language)
    page = Page(int(face.size_px * 24), face, margin=44, ink=(44, 44, 50), paper=(253, 253, 251))
    page.line(words["shop"].format(s=SHOPS[language][turn % len(SHOPS[language])]), "centre",
              face.resized(1.2).strong())
    page.line(fields.COMPANIES[home][turn % 5][1].split(", ", 1)[1 if home == "ru" else 0], "centre")
    page.rule(dashed=True)
    page.line(words["receipt"].format(n=rng.randint(1024, 9876)))
    page.line(f"{fields.date(rng, 2023, 2025)} {rng.randint(9, 21):02d}:{rng.randint(10, 59)}")
    page.line(words["cashier"].format(p=rng.choice(fields.PEOPLE[home]).surname))
    page.rule(dashed=True)
    total = 0
    for name, price in rng.sample(fields.GROCERIES[language], 5):
        total += price
        page.row([Cell(name, page.left), Cell(fields.money(price, home), page.right, "right")])
    page.rule(dashed=True)
    large = face.resized(1.15).strong()
    page.row([Cell({"ru": "Итого", "en": "Total"}[home], page.left, face=large),
              Cell(fields.money(total, home), page.right, "right", large)])
    page.line(words["paid"])
    page.gap(0.3)
    page.line(words["thanks"], "centre")
    page.gap(0.4)
    page.torn_edge((214, 216, 220))
    return page


def letter(rng: Random, language: str, face: Face, turn: int) -> Page:
    home = _home(language)
    ink, tint = ACCENTS[(turn + 1) % len(ACCENTS)]
    company, address = fields.COMPANIES[home][(turn + 3) % 5]
    subject, paragraphs = fields.LETTERS[language][turn % len(fields.LETTERS[language])]
    people = fields.PEOPLE[home]
    to, sender = people[turn % len(people)], people[(turn + 5) % len(people)]
    page = Page(int(face.size_px * 35), face, margin=56)
    page.rectangle(0, 0, 14, 4000, tint)
    page.line(company, face=face.resized(1.3).strong(), ink=ink)
    page.line(address)
    page.rule()
    page.gap(0.3)
    page.line(_date(rng, language))
    page.line(subject, face=face.strong())
    page.gap(0.4)
    if home == "ru":
        greeting = "Уважаемый" if to.patronymic.endswith("ич") else "Уважаемая"
        page.line(f"{greeting} {to.given} {to.patronymic}!")
    else:
        page.line(f"Dear {to.given} {to.surname},")
    for paragraph in paragraphs:
        page.gap(0.35)
        page.paragraph(paragraph)
    page.gap(0.5)
    page.line("С уважением," if home == "ru" else "Yours sincerely,")
    page.line(sender.short, face=face._replace(italic=True))
    return page


def _stock(rng: Random, language: str):
    head = {"en": ("Item", "In stock", "Ordered", "Price")}.get(language, ("Товар", "Остаток", "Заказ", "Цена"))
    rows = [(name, str(rng.randint(10, 480)), str(rng.randint(10, 90)), fields.money(price, language))
            for name, price in rng.sample(fields.GOODS[language], 7)]
    return ("Stock list" if language == "en" else "Остатки на складе"), head, rows


def _weather(rng: Random, language: str):
    if language == "en":
        title, head = "Weather in Mocktown", ("Month", "Day", "Night", "Rain, mm")
        months = ["March", "April", "May", "June", "July", "August", "September"]
    else:
        title, head = "Погода в Примерске", ("Месяц", "Днём", "Ночью", "Осадки, мм")
        months = ["Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь"]
    rows = [(month, str(rng.randint(14, 29)), str(rng.randint(10, 13)), str(rng.randint(24, 96))) for month in months]
    return title, head, rows


def _trains(rng: Random, language: str):
    if language == "en":
        title, head = "Trains from Testford", ("Destination", "Train", "Departs", "Arrives")
        towns = ["Mocktown", "Fakeham", "Samplebury", "Port Example", "New Nowhere", "Pretendham", "Dummyfield"]
    else:
        title, head = "Поезда из Примерска", ("Куда", "Поезд", "Отправление", "Прибытие")
        towns = ["Вымышленск", "Понарошинск", "Образцовый", "Небывалое", "Выдумки", "Мнимая Гора", "Учебный"]
    rows, hour = [], 6
    for town in rng.sample(towns, 7):
        hour += rng.randint(1, 2)
        rows.append((town, str(rng.randint(101, 799)), f"{hour:02d}:{rng.randint(10, 59)}",
                     f"{hour + rng.randint(1, 2):02d}:{rng.randint(10, 59)}"))
    return title, head, rows


def table(rng: Random, language: str, face: Face, turn: int) -> Page:
    ink, tint = ACCENTS[(turn + 4) % len(ACCENTS)]
    make = _stock if language == "mixed" else (_stock, _weather, _trains)[turn % 3]
    title, head, rows = make(rng, language)
    page = Page(int(face.size_px * 31), face)
    page.leading = 1.6
    page.line(title, face=face.resized(1.25).strong(), ink=ink)
    page.gap(0.3)
    grid(page, head, rows, tint, ink)
    return page
