"""Texts in many languages and ten scripts, written for these tests, with the encodings they are met in."""

from __future__ import annotations

# language: a text, and the older encodings that can hold it
TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "German": (
        "Der Wärter prüft abends die Öllampe und schließt die Tür. Für größere Stürme hält er Brot, Käse und heißen "
        "Tee bereit. Äußerst selten löscht der Wind das Licht über den Klippen.",
        ("cp1252", "latin-1", "iso8859-15", "mac_roman", "cp850", "cp437"),
    ),
    "French": (
        "Le gardien vérifie la lampe à huile chaque soir, puis ferme la porte. Après la tempête, il a trouvé une bouée "
        "près de la forêt où les élèves préparent leur goûter. Ça ne coûte rien.",
        ("cp1252", "latin-1", "mac_roman", "cp850"),
    ),
    "Spanish": (
        "El niño subió la montaña con su compañero y encontró un árbol pequeño. ¿Quién cerró la válvula de presión? "
        "Mañana habrá más información sobre la reparación del motor.",
        ("cp1252", "mac_roman", "cp850"),
    ),
    "Portuguese": (
        "A pressão máxima não pode ser ultrapassada durante a operação. O técnico verificará as válvulas de segurança "
        "e a ligação à rede elétrica; três peças estão em reparação.",
        ("cp1252", "cp850", "mac_roman"),
    ),
    "Italian": (
        "La città è più bella di notte, perché le luci del porto si riflettono nell'acqua. Il guardiano salì alla "
        "torre e spense la lampada: così finì la libertà dei naviganti.",
        ("cp1252", "cp850"),
    ),
    "Swedish": (
        "Fyrvaktaren kontrollerar lampan varje kväll och stänger dörren. På våren kommer fåglarna åter till ön, där de "
        "bygger bon bland stenarna längs den långa stranden.",
        ("cp1252", "cp850", "mac_roman"),
    ),
    "Danish": (
        "Fyrmesteren går hver aften op i tårnet og tænder lyset. Når stormen raser over øen, må bådene søge læ bag "
        "molen, og børnene bliver hjemme hos deres bedsteforældre.",
        ("cp1252", "cp850"),
    ),
    "Finnish": (
        "Majakanvartija sytyttää lampun joka ilta ja sulkee oven. Myrskyn jälkeen hän löysi veneen, jonka köydet "
        "olivat katkenneet; sää pysyi kylmänä pitkään.",
        ("cp1252", "cp850"),
    ),
    "Polish": (
        "Latarnik sprawdza co wieczór lampę i zamyka ciężkie drzwi. Żaden statek nie wpłynął dziś do portu, ponieważ "
        "wiatr był zbyt silny, a mgła gęsta. Jeśli ciśnienie wzrośnie, należy otworzyć zawór.",
        ("cp1250", "iso8859-2", "cp852", "mac_latin2"),
    ),
    "Czech": (
        "Strážce majáku každý večer kontroluje lampu a zavírá těžké dveře. Když přišla bouře, lodě se vrátily do "
        "přístavu. Příliš žluťoučký kůň běžel přes řeku k mlýnu.",
        ("cp1250", "iso8859-2", "cp852", "mac_latin2"),
    ),
    "Hungarian": (
        "Az őr minden este ellenőrzi a lámpát, majd bezárja az ajtót. A vihar után egy törött hajót találtak a part "
        "közelében, és a tűzoltók gyűjtötték össze a köteleket. Előbb zárja el a szelepet.",
        ("cp1250", "iso8859-2", "cp852"),
    ),
    "Romanian": (
        "Paznicul farului verifică lampa în fiecare seară şi închide uşa. După furtună, oamenii au găsit pe ţărm o "
        "barcă ruptă, iar apa era încă rece. Presiunea maximă să nu fie depăşită.",
        ("cp1250", "iso8859-2"),
    ),
    "Croatian": (
        "Čuvar svjetionika svake večeri provjerava svjetiljku i zatvara teška vrata. Poslije oluje na obali su našli "
        "razbijeni čamac; tlak ne smije prijeći dopuštenu granicu.",
        ("cp1250", "iso8859-2"),
    ),
    "Lithuanian": (
        "Švyturio prižiūrėtojas kas vakarą tikrina lempą ir užrakina sunkias duris. Po audros krante rado sudužusią "
        "valtį; žmonės džiaugėsi, kad niekas nenuskendo.",
        ("cp1257", "iso8859-13"),
    ),
    "Turkish": (
        "Bekçi her akşam lambayı kontrol eder ve ağır kapıyı kapatır. Fırtınadan sonra kıyıda küçük bir tekne bulundu; "
        "çocuklar köyün ışıklarını gördüler. Basınç değeri aşılmamalıdır, şimdi vanayı açın.",
        ("cp1254", "iso8859-9", "cp857"),
    ),
    "Greek": (
        "Ο φύλακας ελέγχει κάθε βράδυ τη λάμπα και κλείνει τη βαριά πόρτα. Μετά την καταιγίδα βρέθηκε μια βάρκα κοντά "
        "στην ακτή. Η πίεση δεν πρέπει να ξεπεράσει το όριο.",
        ("cp1253", "iso8859-7", "cp737"),
    ),
    "Russian": (
        "Смотритель каждый вечер проверяет лампу и закрывает тяжёлую дверь. После бури на берегу нашли разбитую лодку. "
        "Давление не должно превышать указанного предела, иначе откройте клапан.",
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic"),
    ),
    "Ukrainian": (
        "Доглядач щовечора перевіряє лампу й зачиняє важкі двері. Після бурі на березі знайшли розбитий човен. Тиск не "
        "повинен перевищувати вказаної межі, інакше відкрийте клапан її вентилем.",
        ("cp1251", "koi8-u", "iso8859-5"),
    ),
    "Hebrew": (
        "השומר בודק כל ערב את המנורה וסוגר את הדלת הכבדה. אחרי הסערה נמצאה סירה שבורה על החוף. אין לעבור את הלחץ המרבי "
        "המצוין בטבלה, 35 בר.",
        ("cp1255", "iso8859-8"),
    ),
    "Arabic": (
        "يفحص الحارس المصباح كل مساء ويغلق الباب الثقيل. بعد العاصفة وجدوا قاربا مكسورا قرب الشاطئ. يجب ألا يتجاوز "
        "الضغط الحد المذكور في الجدول، 35 بار.",
        ("cp1256",),
    ),
    "Hindi": (
        "प्रकाशस्तंभ का रखवाला हर शाम दीपक की जाँच करता है और भारी दरवाज़ा बंद करता है। तूफ़ान के बाद तट पर एक टूटी हुई नाव मिली।",  # noqa: E501
        (),
    ),
    "Thai": (
        "ผู้ดูแลประภาคารตรวจตะเกียงทุกเย็นแล้วปิดประตูหนัก หลังพายุพบเรือแตกลำหนึ่งใกล้ชายฝั่ง ความดันต้องไม่เกินค่าที่กำหนดในตาราง",
        ("cp874",),
    ),
    "Japanese": (
        "灯台守は毎晩ランプを点検し、重い扉を閉めます。嵐のあと、海岸の近くで壊れた船が見つかりました。圧力は表に示した限度を超えてはいけません。",
        ("cp932", "euc_jp", "iso2022_jp"),
    ),
    "Korean": (
        "등대지기는 매일 저녁 등불을 점검하고 무거운 문을 닫습니다. 폭풍이 지나간 뒤 "
        "해안 근처에서 부서진 배가 발견되었습니다. "
        "압력은 표에 적힌 한도를 넘으면 안 됩니다.",
        ("cp949",),
    ),
    "Chinese": (
        "看守人每天晚上检查油灯，然后关上沉重的门。暴风雨过后，人们在海岸附近发现了一条破船。压力不得超过表中规定的限度，否则请打开阀门。",
        ("gb18030",),
    ),
    "Taiwanese": (
        "看守人每天晚上檢查油燈，然後關上沉重的門。暴風雨過後，人們在海岸附近發現了一條破船。壓力不得超過表中規定的限度，否則請打開閥門。",
        ("big5",),
    ),
}

TEN_SCRIPTS = (
    "German",
    "Greek",
    "Russian",
    "Hebrew",
    "Arabic",
    "Hindi",
    "Thai",
    "Chinese",
    "Japanese",
    "Korean",
)
