"""The invented world of the demo: people, companies, goods and letters. Nothing here exists.

Surnames and company names say so themselves ("Выдумкин", "Sampleton", "Example Widgets"); mail goes to the domains
reserved for examples, telephone numbers to 555-01xx.
"""

from random import Random
from typing import Dict, List, NamedTuple, Tuple


class Person(NamedTuple):
    surname: str
    given: str
    patronymic: str = ""

    @property
    def short(self) -> str:
        """The surname with initials, as under a letter."""
        if self.patronymic:
            return f"{self.surname} {self.given[0]}. {self.patronymic[0]}."
        return f"{self.given} {self.surname}"


PEOPLE: Dict[str, List[Person]] = {
    "ru": [
        Person("Выдумкин", "Иван", "Петрович"), Person("Небывалова", "Алёна", "Сергеевна"),
        Person("Примеров", "Фёдор", "Алексеевич"), Person("Образцова", "Мария", "Игоревна"),
        Person("Понарошкин", "Семён", "Андреевич"), Person("Вымыслова", "Зоя", "Павловна"),
        Person("Тестов", "Артём", "Николаевич"), Person("Шаблонова", "Ольга", "Викторовна"),
        Person("Несуществов", "Пётр", "Дмитриевич"), Person("Сказочникова", "Юлия", "Романовна"),
    ],
    "en": [
        Person("Sampleton", "Alice"), Person("Fictus", "Bernard"), Person("Madeupson", "Clara"),
        Person("Placeholder", "Dexter"), Person("Nowhereby", "Edith"), Person("Mockridge", "Felix"),
        Person("Dummyfield", "Grace"), Person("Testerman", "Howard"), Person("Exampleson", "Karen"),
        Person("Pretendham", "Robert"),
    ],
}

COMPANIES: Dict[str, List[Tuple[str, str]]] = {
    "ru": [
        ("ООО «Пример-Снаб»", "г. Примерск, ул. Учебная, д. 12"),
        ("АО «Тестовый завод»", "г. Вымышленск, Пробный пер., д. 7"),
        ("ООО «Небывальщина»", "пос. Образцовый, ул. Шаблонная, д. 31"),
        ("ООО «Выдуманные решения»", "г. Понарошинск, пр. Макетный, д. 5"),
        ("АО «Несуществующие дороги»", "г. Примерск, ул. Мнимая, д. 48"),
        ("ИП Образцова М. И.", "г. Вымышленск, ул. Условная, д. 3"),
    ],
    "en": [
        ("Example Widgets Ltd", "12 Sample Street, Mocktown"),
        ("Imaginary Freight Inc", "7 Nowhere Lane, Fakeham"),
        ("Placeholder Foods Ltd", "31 Template Road, Samplebury"),
        ("Fictional Systems Ltd", "5 Dummy Avenue, Testford"),
        ("Pretend and Partners", "48 Invented Way, Mocktown"),
        ("Notreal Supplies Inc", "3 Example Court, Fakeham"),
    ],
}

# Name and price in hundredths of the currency.
GOODS: Dict[str, List[Tuple[str, int]]] = {
    "ru": [
        ("Бумага офисная А4", 41250), ("Папка с зажимом", 12890), ("Степлер настольный", 56700),
        ("Стул складной", 234900), ("Лампа светодиодная", 31540), ("Кабель сетевой 5 м", 27800),
        ("Краска белая 3 кг", 89900), ("Доска сосновая", 45600), ("Перчатки рабочие", 9950),
        ("Шуруповёрт ручной", 412000), ("Ведро пластиковое", 21400), ("Щётка жёсткая", 18600),
    ],
    "en": [
        ("Printer paper A4", 650), ("Lever arch file", 385), ("Desk stapler", 1290), ("Folding chair", 4275),
        ("Reading lamp", 2360), ("Network cable 5 m", 940), ("White paint 3 kg", 2785), ("Pine board", 1545),
        ("Work gloves", 460), ("Hand drill", 8925), ("Plastic bucket", 715), ("Stiff brush", 595),
    ],
    "mixed": [
        ("Принтер Example Jet 200", 1549000), ("Кабель Sample Cable", 38900), ("Мышь Mock Mouse", 124500),
        ("Монитор Fiction View 24", 1289000), ("Клавиатура Dummy Keys", 219900), ("Диск Notreal Drive", 545000),
        ("Камера Pretend Cam", 318700), ("Сканер Template Scan", 876000),
    ],
}

GROCERIES: Dict[str, List[Tuple[str, int]]] = {
    "ru": [
        ("Хлеб ржаной", 5490), ("Молоко 1 л", 8990), ("Сыр твёрдый", 31250), ("Яблоки", 12780), ("Чай чёрный", 17640),
        ("Гречка", 9830), ("Мёд липовый", 42500), ("Творог", 11960), ("Масло", 18970), ("Печенье", 7650),
    ],
    "en": [
        ("Rye bread", 245), ("Fresh milk", 120), ("Hard cheese", 585), ("Apples", 340), ("Black tea", 475),
        ("Oatmeal", 215), ("Honey", 790), ("Cottage cheese", 265), ("Butter", 360), ("Biscuits", 195),
    ],
    "mixed": [
        ("Кофе Mock Roast", 46800), ("Чай Sample Leaf", 21500), ("Сок Fiction Fruit", 13990),
        ("Вода Example Spring", 4950), ("Печенье Dummy Crisp", 9780),
    ],
}

# Subject, then paragraphs.
LETTERS: Dict[str, List[Tuple[str, List[str]]]] = {
    "ru": [
        ("О поставке оборудования", [
            "Сообщаем, что оборудование по договору № 218 отгружено со склада 14 апреля и поступит к вам не позднее "
            "22 апреля.",
            "Просим подготовить место для разгрузки и назначить ответственного за приёмку. Накладные и паспорта "
            "изделий вложены в первый ящик."]),
        ("О переносе встречи", [
            "К сожалению, встреча, назначенная на вторник, не состоится: докладчик задерживается в пути.",
            "Предлагаем собраться в четверг, 19 июня, в 11 часов в малом зале. Если это время вам не подходит, "
            "сообщите об этом до вечера среды."]),
        ("Об обучении сотрудников", [
            "Благодарим за интерес к нашим занятиям. Группа из двенадцати человек уже набрана, следующая начнёт "
            "работу в сентябре.",
            "Программа рассчитана на шесть недель. Все учебные материалы участники получают в первый день, "
            "отдельно платить за них не нужно."]),
        ("О результатах проверки", [
            "Проверка счётчиков в доме 31 завершена. Из сорока приборов исправны тридцать восемь, два будут "
            "заменены до конца месяца.",
            "Мастер придёт в рабочий день с девяти до двенадцати. Заранее освободите, пожалуйста, подход к щиту."]),
        ("О приёме документов", [
            "Ваше заявление получено и зарегистрировано 3 марта. Для решения вопроса не хватает копии договора и "
            "справки о составе бригады.",
            "Недостающие листы можно принести лично или прислать почтой. Срок рассмотрения составит десять дней "
            "со дня их получения."]),
        ("О закрытии моста", [
            "С 5 по 27 августа мост через реку Мнимую будет закрыт для ремонта. Автобусы пойдут в объезд через "
            "посёлок Образцовый.",
            "Время в пути увеличится примерно на четверть часа. Приносим извинения за неудобства и благодарим за "
            "терпение."]),
    ],
    "en": [
        ("Delivery of equipment", [
            "We are pleased to tell you that the equipment ordered under contract 218 left our warehouse on "
            "14 April and will reach you by 22 April.",
            "Please prepare a place for unloading and name a person who will check the goods. All papers are "
            "packed in the first box."]),
        ("Change of meeting date", [
            "Unfortunately the meeting planned for Tuesday cannot take place, because the speaker has been "
            "delayed on the way.",
            "We suggest Thursday, 19 June, at 11 in the small hall. If this time does not suit you, please let "
            "us know before Wednesday evening."]),
        ("Training of your staff", [
            "Thank you for your interest in our course. The current group of twelve is complete, and the next "
            "one will start in September.",
            "The programme takes six weeks. Every member receives the printed material on the first day at no "
            "extra charge."]),
        ("Results of the inspection", [
            "The inspection of the meters in building 31 is complete. Of forty meters, thirty-eight work well "
            "and two will be replaced this month.",
            "Our engineer will visit on a working day between nine and twelve. Please keep the way to the "
            "cabinet clear."]),
        ("Your application", [
            "Your application was received and registered on 3 March. Before we can decide, we need a copy of "
            "the contract and a list of the team.",
            "You may bring the missing pages in person or send them by post. Our answer will follow within ten "
            "days after that."]),
        ("Closing of the bridge", [
            "From 5 to 27 August the bridge over the Mock River will be closed for repair. Buses will go round "
            "through Samplebury.",
            "The journey will take about a quarter of an hour longer. We are sorry for the trouble and thank "
            "you for your patience."]),
    ],
    "mixed": [
        ("О переходе на новую систему", [
            "С первого июля заявки принимаются через систему Fictional Desk. Старый адрес будет работать до "
            "конца квартала.",
            "Вопросы по системе присылайте нашему партнёру, компании Fictional Systems Ltd, или звоните в отдел "
            "поддержки."]),
        ("О поездке на выставку", [
            "Приглашаем вас на выставку Mocktown Example Fair, которая пройдёт с 8 по 11 октября.",
            "Наш стенд находится рядом с компанией Imaginary Freight Inc. Билет и карта будут ждать вас у "
            "главного входа."]),
    ],
}

PLACES: Dict[str, List[str]] = {
    "ru": ["гор. Примерск", "село Небывалое", "пос. Образцовый", "гор. Вымышленск", "дер. Выдумки",
           "гор. Понарошинск"],
    "en": ["Mocktown", "Fakeham", "Samplebury", "Testford", "Port Example", "New Nowhere"],
}

ISSUERS: Dict[str, List[str]] = {
    "ru": ["ОВД района Учебный гор. Примерска", "Паспортный стол гор. Вымышленска",
           "Отдел документов пос. Образцовый"],
    "en": ["Passport Office of Mocktown", "Registry of the Town of Fakeham", "Identity Office, Port Example"],
}

# Digits stand apart in this order so that no degradation gets most of them: they are easier to read than words, and
# look the same in both languages.
STRIP_TYPES: Dict[str, List[str]] = {
    "ru": ["surname", "birth_date", "given_name", "place_of_birth", "number", "patronymic", "issued_by", "issue_date"],
    "en": ["surname", "given_name", "birth_date", "place_of_birth", "issued_by", "number"],
}

QUESTIONS: Dict[str, Dict[str, Tuple[str, str]]] = {
    "ru": {
        "surname": ("Какая фамилия указана в документе?", "Прочитайте фамилию владельца документа."),
        "given_name": ("Какое имя указано в документе?", "Прочитайте имя владельца документа."),
        "patronymic": ("Какое отчество указано в документе?", "Прочитайте отчество владельца документа."),
        "birth_date": ("Какая дата рождения указана в документе?", "Когда родился владелец документа?"),
        "place_of_birth": ("Какое место рождения указано в документе?", "Где родился владелец документа?"),
        "number": ("Какие серия и номер у документа?", "Прочитайте серию и номер документа."),
        "issued_by": ("Кем выдан документ?", "Прочитайте название органа, выдавшего документ."),
        "issue_date": ("Какая дата выдачи указана в документе?", "Когда выдан документ?"),
    },
    "en": {
        "surname": ("What surname does the document show?", "Read the surname of the holder."),
        "given_name": ("What given name does the document show?", "Read the given name of the holder."),
        "birth_date": ("What date of birth does the document show?", "When was the holder born?"),
        "place_of_birth": ("What place of birth does the document show?", "Where was the holder born?"),
        "number": ("What is the number of the document?", "Read the document number."),
        "issued_by": ("Who issued the document?", "Read the name of the issuing office."),
    },
}

FULL_TEXT_QUESTIONS = {
    "ru": "Прочитайте весь текст на изображении.",
    "en": "Read all the text in the image.",
    "mixed": "Прочитайте весь текст на изображении.",
}

# One prompt serves both languages, since the key of a prompt collection does not know the language.
FULL_TEXT_PROMPTS = {
    "invoice": "Перепишите весь текст счёта построчно, без пояснений. / "
               "Transcribe all the text of the invoice line by line, without comments.",
    "receipt": "Перепишите весь текст чека построчно, без пояснений. / "
               "Transcribe all the text of the receipt line by line, without comments.",
    "letter": "Перепишите весь текст письма построчно, без пояснений. / "
              "Transcribe all the text of the letter line by line, without comments.",
    "table": "Перепишите таблицу построчно, ячейки через пробел, без пояснений. / "
             "Transcribe the table row by row, cells separated by a space, without comments.",
}

FIELD_PROMPTS = {
    "surname": ("фамилию", "surname"),
    "given_name": ("имя", "given name"),
    "patronymic": ("отчество", "patronymic"),
    "birth_date": ("дату рождения", "date of birth"),
    "place_of_birth": ("место рождения", "place of birth"),
    "number": ("серию и номер документа", "document number"),
    "issued_by": ("название выдавшего органа", "issuing office"),
    "issue_date": ("дату выдачи", "date of issue"),
}


def field_prompt(question_type: str) -> str:
    russian, english = FIELD_PROMPTS[question_type]
    return f"Напишите только {russian}, без пояснений. / Write only the {english}, without comments."


def date(rng: Random, first_year: int, last_year: int) -> str:
    return f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.{rng.randint(first_year, last_year)}"


_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"]


def long_date(rng: Random, first_year: int, last_year: int) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(_MONTHS)} {rng.randint(first_year, last_year)}"


def money(hundredths: int, language: str) -> str:
    """1250,00 in Russian, 1,250.00 in English. No space between thousands: it would look like two cells."""
    if language == "en":
        return f"{hundredths // 100:,}.{hundredths % 100:02d}"
    return f"{hundredths // 100},{hundredths % 100:02d}"


def strip_value(rng: Random, language: str, question_type: str, turn: int) -> str:
    person = PEOPLE[language][(turn * 3 + len(question_type)) % len(PEOPLE[language])]
    if question_type == "surname":
        value = person.surname
    elif question_type == "given_name":
        value = person.given
    elif question_type == "patronymic":
        value = person.patronymic
    elif question_type == "birth_date":
        value = date(rng, 1951, 2004) if language == "ru" else long_date(rng, 1951, 2004)
    elif question_type == "issue_date":
        value = date(rng, 2006, 2024)
    elif question_type == "place_of_birth":
        value = PLACES[language][turn % len(PLACES[language])]
    elif question_type == "number":
        if language == "ru":
            value = f"{rng.randint(10, 99)} {rng.randint(10, 29)} {rng.randint(100000, 999999)}"
        else:
            value = f"{rng.randint(100, 999)} {rng.randint(100, 999)} {rng.randint(100, 999)}"
    elif question_type == "issued_by":
        value = ISSUERS[language][turn % len(ISSUERS[language])]
    else:
        raise KeyError(question_type)
    if question_type in ("surname", "given_name", "patronymic") and turn % 2 == 0:
        value = value.upper()
    return value
