"""The commonest words of a language: they tell the language of a text, and say nothing about what it is about."""

from __future__ import annotations

_LISTS = {
    "english": """a about above after again against all also am an and any are as at be because been before being
        between both but by can could did do does doing down during each few for from further had has have having he
        her here hers him his how i if in into is it its itself just may me might more most must my no nor not now of
        off on once only or other our out over own same shall she should so some such than that the their them then
        there these they this those through to too under until up us very was we were what when where which while who
        whom whose why will with would you your""",
    "german": """aber alle als am an auch auf aus bei bin bis bist da damit das dass dein dem den der des die dies
        diese dieser dieses doch dort du durch ein eine einem einen einer eines er es für hat hatte haben habe ich ihr
        ihre im in ist ja kann kein keine man mein mit muss nach nicht noch nur ob oder ohne sein seine sich sie sind
        so über um und uns unter vom von vor war was wenn werden wer wie wird wo wurde zu zum zur""",
    "french": """à au aux avec ce ces cette dans de des du elle elles en est et être il ils je la le les leur leurs
        lui ma mais me même mes mon ne nos notre nous on ont ou où par pas pour qu que quel quelle qui sa sans se ses
        si son sont sur ta te tes ton tu un une vos votre vous y été fait""",
    "spanish": """al algo como con cual cuando de del desde donde el ella ellas ellos en entre era es esta este esto
        están fue ha hay la las le les lo los más me mi muy no nos o para pero por porque que qué quien se ser si sin
        sobre son su sus también te tiene un una uno y ya cuándo cómo dónde""",
    "italian": """ai al alla alle anche che chi ci come con cosa da dal dalla dei del della delle di dove e è ed era
        gli ha hanno i il in io la le lo loro ma mi nel nella non o per perché più quale quando quello questa questo
        se si sono su sua sul sulla suo un una uno""",
    "portuguese": """a ao aos as com como da das de do dos e é ela ele eles em entre era essa esse esta este eu foi
        há isso já mais mas me mesmo muito na não nas no nos o os ou para pela pelo por qual quando que quem se sem
        ser seu seus só sua são também te um uma você onde""",
    "dutch": """aan al als bij daar dan dat de deze die dit door dus een en er geen had heb hebben heeft het hij hoe
        hun ik in is ja je kan maar me meer men met mijn moet naar niet nog nu of om onder ons ook op over te tot uit
        van veel voor waar was wat we wel werd wie worden wordt ze zich zij zijn zo zou""",
    "swedish": """alla att av blev bli de dem den denna det detta dig din du där efter ej eller en er ett från för
        ha hade han har hon hur här i icke inte ja jag kan kunde man med men mig min mot måste när nu och om oss på
        sedan sig sin ska som så till under upp ut vad var vara vi vid vilken än är över""",
    "danish": """af alle at blev blive da de dem den denne der deres det dette dig din disse du efter eller en end er
        et for fra ham han hans har havde hende her hun hvad hvis hvor i ikke jeg kan kunne man med men mig min må når
        nu og om op os over på sig sin skal som så til ud under var ved vi vil være""",
    "norwegian": """alle at av ble bli da de dem den denne der det dette din du eller en er et etter for fra ha hadde
        han har hun hva hvis hvor i ikke jeg kan kunne man med men meg min må når nå og om opp oss over på seg sin skal
        som så til under ut var ved vi vil være""",
    "finnish": """ei eivät emme en että hän hänen ja jo joka jos kanssa koska kuin kun me mikä mitä mutta myös ne niin
        nyt ole olen oli olla on ovat se sen siitä sitä tai tämä tämän vain voi""",
    "russian": """а без был была были было быть в вам вас во вот все вы где да для до его ее если есть еще же за и из
        или им их к как когда кто ли мне мы на над не нет но о об он она они от по под при с со так также там то того
        только у уже что чтобы эта эти это я""",
}
STOPWORDS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _LISTS.items()}
