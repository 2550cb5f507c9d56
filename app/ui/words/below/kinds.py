"""What files are that are no documents, and what to do about them: app.documents.kinds."""

from __future__ import annotations

from app.ui.words.below.others import Others

KINDS: dict[str, Others] = {
    "unpack it and add the files that are in it": Others(
        "entpacken Sie es, und fügen Sie die Dateien hinzu, die darin sind",
        "请解压后添加其中的文件",
    ),
    "an old Office file, or one with a password": Others(
        "eine alte Office-Datei oder eine mit Passwort",
        "旧的 Office 文件，或带密码的 Office 文件",
    ),
    "open it there and save it as .docx, .xlsx or .pptx without": Others(
        "öffnen Sie sie in Office, und speichern Sie sie als .docx, .xlsx oder .pptx ohne Passwort",
        "请用 Office 打开，另存为不带密码的 .docx、.xlsx 或 .pptx",
    ),
    "a binary Excel workbook (.xlsb)": Others(
        "eine binäre Excel-Arbeitsmappe (.xlsb)",
        "二进制 Excel 工作簿 (.xlsb)",
    ),
    "open it in Excel or LibreOffice and save it as .xlsx": Others(
        "öffnen Sie sie in Excel oder LibreOffice, und speichern Sie sie als .xlsx",
        "请用 Excel 或 LibreOffice 打开并另存为 .xlsx",
    ),
    "a Word document": Others(
        "ein Word-Dokument",
        "Word 文档",
    ),
    "an Excel workbook": Others(
        "eine Excel-Arbeitsmappe",
        "Excel 工作簿",
    ),
    "a PowerPoint presentation": Others(
        "eine PowerPoint-Präsentation",
        "PowerPoint 演示文稿",
    ),
    "an EPUB book": Others(
        "ein EPUB-Buch",
        "EPUB 电子书",
    ),
    "an OpenDocument text": Others(
        "ein OpenDocument-Text",
        "OpenDocument 文本",
    ),
    "an OpenDocument spreadsheet": Others(
        "eine OpenDocument-Tabelle",
        "OpenDocument 电子表格",
    ),
    "an OpenDocument presentation": Others(
        "eine OpenDocument-Präsentation",
        "OpenDocument 演示文稿",
    ),
    "an old Word file (.doc)": Others(
        "eine alte Word-Datei (.doc)",
        "旧的 Word 文件 (.doc)",
    ),
    "open it in Word or LibreOffice and save it as .docx": Others(
        "öffnen Sie sie in Word oder LibreOffice, und speichern Sie sie als .docx",
        "请用 Word 或 LibreOffice 打开并另存为 .docx",
    ),
    "an old Excel file (.xls)": Others(
        "eine alte Excel-Datei (.xls)",
        "旧的 Excel 文件 (.xls)",
    ),
    "an old PowerPoint file (.ppt)": Others(
        "eine alte PowerPoint-Datei (.ppt)",
        "旧的 PowerPoint 文件 (.ppt)",
    ),
    "open it in PowerPoint or LibreOffice and save it as .pptx": Others(
        "öffnen Sie sie in PowerPoint oder LibreOffice, und speichern Sie sie als .pptx",
        "请用 PowerPoint 或 LibreOffice 打开并另存为 .pptx",
    ),
    "an Outlook message (.msg)": Others(
        "eine Outlook-Nachricht (.msg)",
        "Outlook 邮件 (.msg)",
    ),
    "open it in Outlook and save it as .eml or text": Others(
        "öffnen Sie sie in Outlook, und speichern Sie sie als .eml oder Text",
        "请用 Outlook 打开并另存为 .eml 或文本",
    ),
    "a Windows program": Others(
        "ein Windows-Programm",
        "Windows 程序",
    ),
    "a Linux program": Others(
        "ein Linux-Programm",
        "Linux 程序",
    ),
    "a PNG picture": Others(
        "ein PNG-Bild",
        "PNG 图片",
    ),
    "a JPEG picture": Others(
        "ein JPEG-Bild",
        "JPEG 图片",
    ),
    "a GIF picture": Others(
        "ein GIF-Bild",
        "GIF 图片",
    ),
    "a sound, video or picture": Others(
        "ein Ton, ein Video oder ein Bild",
        "音频、视频或图片",
    ),
    "a TIFF picture": Others(
        "ein TIFF-Bild",
        "TIFF 图片",
    ),
    "a sound": Others(
        "eine Tonaufnahme",
        "音频",
    ),
    "a sound or video": Others(
        "ein Ton oder ein Video",
        "音频或视频",
    ),
    "a gzip archive": Others(
        "ein gzip-Archiv",
        "gzip 压缩包",
    ),
    "a bzip2 archive": Others(
        "ein bzip2-Archiv",
        "bzip2 压缩包",
    ),
    "an xz archive": Others(
        "ein xz-Archiv",
        "xz 压缩包",
    ),
    "a 7z archive": Others(
        "ein 7z-Archiv",
        "7z 压缩包",
    ),
    "a RAR archive": Others(
        "ein RAR-Archiv",
        "RAR 压缩包",
    ),
    "a PostScript file": Others(
        "eine PostScript-Datei",
        "PostScript 文件",
    ),
    "an SQLite database": Others(
        "eine SQLite-Datenbank",
        "SQLite 数据库",
    ),
    "a zip archive": Others(
        "ein Zip-Archiv",
        "zip 压缩包",
    ),
    "an RTF document": Others(
        "ein RTF-Dokument",
        "RTF 文档",
    ),
    "a tar archive": Others(
        "ein tar-Archiv",
        "tar 归档",
    ),
    "a web page (HTML)": Others(
        "eine Webseite (HTML)",
        "网页 (HTML)",
    ),
    "an e-mail": Others(
        "eine E-Mail",
        "电子邮件",
    ),
    "{content}; {remedy}": Others(
        "{content}; {remedy}",
        "{content}；{remedy}",
    ),
    "plain text": Others(
        "reiner Text",
        "纯文本",
    ),
    "a folder": Others(
        "ein Ordner",
        "文件夹",
    ),
    "a pipe, socket or device": Others(
        "eine Pipe, ein Socket oder ein Gerät",
        "管道、套接字或设备",
    ),
}
