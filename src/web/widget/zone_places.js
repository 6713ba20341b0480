/*
 * What people type for a time zone, besides its own name: countries (by their code, named by the browser in the
 * visitor's language), large cities and states that no zone is named after, cities as those who live there call them,
 * abbreviations.
 */

/* The zones of each country, the most peopled first (tzdata's zone1970.tab), and what else it is called. */
export const countries =
  'AD:Europe/Andorra;AE/uae/emirates:Asia/Dubai;AF:Asia/Kabul;AG:America/Antigua;AI:America/Anguilla;' +
  'AL:Europe/Tirane;AM:Asia/Yerevan;AO:Africa/Luanda;AR:America/Argentina/Buenos_Aires;AS:Pacific/Pago_Pago;' +
  'AT:Europe/Vienna;' +
  'AU:Australia/Sydney,Australia/Melbourne,Australia/Brisbane,Australia/Adelaide,Australia/Perth,Australia/Darwin,Australia/Hobart;' +
  'AW:America/Aruba;AX:Europe/Mariehamn;AZ:Asia/Baku;BA:Europe/Sarajevo;BB:America/Barbados;BD:Asia/Dhaka;' +
  'BE:Europe/Brussels;BF:Africa/Ouagadougou;BG:Europe/Sofia;BH:Asia/Bahrain;BI:Africa/Bujumbura;' +
  'BJ:Africa/Porto-Novo;BM:Atlantic/Bermuda;BN:Asia/Brunei;BO:America/La_Paz;' +
  'BR:America/Sao_Paulo,America/Fortaleza,America/Manaus,America/Cuiaba,America/Rio_Branco;' +
  'BS:America/Nassau;BT:Asia/Thimphu;BW:Africa/Gaborone;BY:Europe/Minsk;BZ:America/Belize;' +
  'CA:America/Toronto,America/Vancouver,America/Edmonton,America/Winnipeg,America/Halifax,America/Regina,America/St_Johns;' +
  'CC:Indian/Cocos;CD:Africa/Kinshasa,Africa/Lubumbashi;CF:Africa/Bangui;CG:Africa/Brazzaville;' +
  'CH:Europe/Zurich;CI/ivory coast:Africa/Abidjan;CK:Pacific/Rarotonga;' +
  'CL:America/Santiago,America/Punta_Arenas;CM:Africa/Douala;CN:Asia/Shanghai,Asia/Urumqi;CO:America/Bogota;' +
  'CR:America/Costa_Rica;CU:America/Havana;CV/cape verde:Atlantic/Cape_Verde;CW:America/Curacao;' +
  'CX:Indian/Christmas;CY:Asia/Nicosia;CZ/czech republic:Europe/Prague;DE:Europe/Berlin;DJ:Africa/Djibouti;' +
  'DK:Europe/Copenhagen;DM:America/Dominica;DO:America/Santo_Domingo;DZ:Africa/Algiers;EC:America/Guayaquil;' +
  'EE:Europe/Tallinn;EG:Africa/Cairo;EH:Africa/El_Aaiun;ER:Africa/Asmara;ES:Europe/Madrid,Atlantic/Canary;' +
  'ET:Africa/Addis_Ababa;FI:Europe/Helsinki;FJ:Pacific/Fiji;FK:Atlantic/Stanley;' +
  'FM:Pacific/Chuuk,Pacific/Pohnpei,Pacific/Kosrae;FO:Atlantic/Faroe;FR:Europe/Paris;GA:Africa/Libreville;' +
  'GB/great britain:Europe/London;GD:America/Grenada;GE:Asia/Tbilisi;GF:America/Cayenne;GG:Europe/Guernsey;' +
  'GH:Africa/Accra;GI:Europe/Gibraltar;GL:America/Nuuk,America/Danmarkshavn,America/Scoresbysund;' +
  'GM:Africa/Banjul;GN:Africa/Conakry;GP:America/Guadeloupe;GQ:Africa/Malabo;GR:Europe/Athens;' +
  'GT:America/Guatemala;GU:Pacific/Guam;GW:Africa/Bissau;GY:America/Guyana;HK:Asia/Hong_Kong;' +
  'HN:America/Tegucigalpa;HR:Europe/Zagreb;HT:America/Port-au-Prince;HU:Europe/Budapest;' +
  'ID:Asia/Jakarta,Asia/Makassar,Asia/Jayapura;IE:Europe/Dublin;IL:Asia/Jerusalem;IM:Europe/Isle_of_Man;' +
  'IN:Asia/Kolkata;IQ:Asia/Baghdad;IR:Asia/Tehran;IS:Atlantic/Reykjavik;IT:Europe/Rome;JE:Europe/Jersey;' +
  'JM:America/Jamaica;JO:Asia/Amman;JP:Asia/Tokyo;KE:Africa/Nairobi;KG:Asia/Bishkek;KH:Asia/Phnom_Penh;' +
  'KI:Pacific/Tarawa,Pacific/Kanton,Pacific/Kiritimati;KM:Indian/Comoro;KN:America/St_Kitts;' +
  'KP:Asia/Pyongyang;KR:Asia/Seoul;KW:Asia/Kuwait;KY:America/Cayman;KZ:Asia/Almaty;LA:Asia/Vientiane;' +
  'LB:Asia/Beirut;LC:America/St_Lucia;LI:Europe/Vaduz;LK:Asia/Colombo;LR:Africa/Monrovia;LS:Africa/Maseru;' +
  'LT:Europe/Vilnius;LU:Europe/Luxembourg;LV:Europe/Riga;LY:Africa/Tripoli;MA:Africa/Casablanca;' +
  'MC:Europe/Monaco;MD:Europe/Chisinau;ME:Europe/Podgorica;MG:Indian/Antananarivo;' +
  'MH:Pacific/Majuro,Pacific/Kwajalein;MK:Europe/Skopje;ML:Africa/Bamako;MM/burma:Asia/Yangon;' +
  'MN:Asia/Ulaanbaatar;MO:Asia/Macau;MP:Pacific/Saipan;MQ:America/Martinique;MR:Africa/Nouakchott;' +
  'MS:America/Montserrat;MT:Europe/Malta;MU:Indian/Mauritius;MV:Indian/Maldives;MW:Africa/Blantyre;' +
  'MX:America/Mexico_City,America/Monterrey,America/Tijuana,America/Cancun;MY:Asia/Kuala_Lumpur;' +
  'MZ:Africa/Maputo;NA:Africa/Windhoek;NC:Pacific/Noumea;NE:Africa/Niamey;NF:Pacific/Norfolk;' +
  'NG:Africa/Lagos;NI:America/Managua;NL/holland:Europe/Amsterdam;NO:Europe/Oslo;NP:Asia/Kathmandu;' +
  'NR:Pacific/Nauru;NU:Pacific/Niue;NZ:Pacific/Auckland;OM:Asia/Muscat;PA:America/Panama;PE:America/Lima;' +
  'PF:Pacific/Tahiti,Pacific/Marquesas,Pacific/Gambier;PG:Pacific/Port_Moresby,Pacific/Bougainville;' +
  'PH:Asia/Manila;PK:Asia/Karachi;PL:Europe/Warsaw;PM:America/Miquelon;PR:America/Puerto_Rico;' +
  'PS/palestine:Asia/Gaza,Asia/Hebron;PT:Europe/Lisbon,Atlantic/Azores;PW:Pacific/Palau;PY:America/Asuncion;' +
  'QA:Asia/Qatar;RE:Indian/Reunion;RO:Europe/Bucharest;RS:Europe/Belgrade;' +
  'RU:Europe/Moscow,Asia/Yekaterinburg,Asia/Novosibirsk,Asia/Vladivostok,Europe/Kaliningrad;' +
  'RW:Africa/Kigali;SA:Asia/Riyadh;SB:Pacific/Guadalcanal;SC:Indian/Mahe;SD:Africa/Khartoum;' +
  'SE:Europe/Stockholm;SG:Asia/Singapore;SH:Atlantic/St_Helena;SI:Europe/Ljubljana;SK:Europe/Bratislava;' +
  'SL:Africa/Freetown;SM:Europe/San_Marino;SN:Africa/Dakar;SO:Africa/Mogadishu;SR:America/Paramaribo;' +
  'SS:Africa/Juba;ST:Africa/Sao_Tome;SV:America/El_Salvador;SX:America/Lower_Princes;SY:Asia/Damascus;' +
  'SZ/swaziland:Africa/Mbabane;TC:America/Grand_Turk;TD:Africa/Ndjamena;TG:Africa/Lome;TH:Asia/Bangkok;' +
  'TJ:Asia/Dushanbe;TK:Pacific/Fakaofo;TL:Asia/Dili;TM:Asia/Ashgabat;TN:Africa/Tunis;TO:Pacific/Tongatapu;' +
  'TR/turkey:Europe/Istanbul;TT:America/Port_of_Spain;TV:Pacific/Funafuti;TW:Asia/Taipei;' +
  'TZ:Africa/Dar_es_Salaam;UA:Europe/Kyiv;UG:Africa/Kampala;' +
  'US/us/usa/america:America/New_York,America/Chicago,America/Denver,America/Los_Angeles,America/Phoenix,America/Anchorage,Pacific/Honolulu;' +
  'UY:America/Montevideo;UZ:Asia/Tashkent;VA:Europe/Vatican;VC:America/St_Vincent;VE:America/Caracas;' +
  'VG:America/Tortola;VI:America/St_Thomas;VN:Asia/Ho_Chi_Minh;VU:Pacific/Efate;WF:Pacific/Wallis;' +
  'WS:Pacific/Apia;XK:Europe/Belgrade;YE:Asia/Aden;YT:Indian/Mayotte;' +
  'ZA:Africa/Johannesburg;ZM:Africa/Lusaka;ZW:Africa/Harare';

/* Names that no zone has. */
export const places = {
  'Africa/Algiers': 'alger, الجزائر, oran',
  'Africa/Cairo': 'al qahira, القاهرة, alexandria, le caire, kair, kairo',
  'Africa/Casablanca': 'rabat, marrakech, marrakesh, fes, الدار البيضاء',
  'Africa/Johannesburg': 'cape town, durban, pretoria',
  'Africa/Lagos': 'abuja, kano, west africa time, wat',
  'Africa/Nairobi': 'mombasa, east africa time, eat',
  'Africa/Tunis': 'تونس, sfax',
  'America/Anchorage': 'alaska, akst, akdt',
  'America/Argentina/Buenos_Aires': 'rosario, cordoba, art',
  'America/Bogota': 'medellin, cali',
  'America/Chicago':
    'texas, houston, dallas, austin, san antonio, illinois, minnesota, minneapolis, wisconsin, milwaukee, missouri, st louis, kansas city, iowa, louisiana, new orleans, alabama, tennessee, nashville, oklahoma, arkansas, mississippi, nebraska, central time, cst, cdt, ct',
  'America/Denver':
    'colorado, utah, salt lake city, new mexico, albuquerque, montana, wyoming, idaho, boise, mountain time, mst, mdt, mt',
  'America/Edmonton': 'alberta, calgary, mountain time, mst, mdt',
  'America/Halifax': 'nova scotia, new brunswick, atlantic time, ast, adt',
  'America/Havana': 'la habana',
  'America/Los_Angeles':
    'la, california, san francisco, bay area, silicon valley, san diego, san jose, sacramento, washington state, seattle, oregon, portland, nevada, las vegas, pacific time, pst, pdt, pt',
  'America/Mexico_City': 'guadalajara, puebla, ciudad de mexico, cdmx, mexico df',
  'America/New_York':
    'nyc, ny, new york city, boston, massachusetts, washington dc, philadelphia, pennsylvania, new jersey, florida, miami, orlando, tampa, georgia, atlanta, north carolina, charlotte, south carolina, virginia, maryland, baltimore, ohio, columbus, cleveland, michigan, detroit, connecticut, indiana, maine, vermont, eastern time, est, edt, et, nowy jork',
  'America/Phoenix': 'arizona, tucson, mst',
  'America/Regina': 'saskatchewan, saskatoon',
  'America/Sao_Paulo': 'rio de janeiro, brasilia, belo horizonte, brt, porto alegre, curitiba',
  'America/St_Johns': 'newfoundland, nst, ndt',
  'America/Toronto': 'ontario, ottawa, quebec, montreal, eastern time, est, edt',
  'America/Vancouver': 'british columbia, victoria, pacific time, pst, pdt',
  'America/Winnipeg': 'manitoba, central time, cst, cdt',
  'Asia/Almaty': 'astana, nur sultan, алматы',
  'Asia/Baghdad': 'بغداد, basra',
  'Asia/Bangkok': 'krung thep, กรุงเทพ, chiang mai, phuket',
  'Asia/Beirut': 'beyrouth, بيروت',
  'Asia/Damascus': 'dimashq, دمشق, damas, aleppo',
  'Asia/Dhaka': 'dacca, chittagong, ঢাকা',
  'Asia/Dubai': 'abu dhabi, sharjah, gst, دبي',
  'Asia/Ho_Chi_Minh': 'saigon, hanoi, da nang, ict, sai gon, ha noi',
  'Asia/Hong_Kong': 'hkt, 香港, kowloon',
  'Asia/Jakarta': 'bandung, java, wib, surabaya, medan, djakarta',
  'Asia/Jerusalem': 'tel aviv, haifa, yerushalayim, ירושלים, תל אביב',
  'Asia/Karachi': 'lahore, islamabad, pkt',
  'Asia/Kolkata':
    'mumbai, bombay, delhi, new delhi, bangalore, bengaluru, chennai, madras, hyderabad, pune, calcutta, ahmedabad, india standard time, ist, surat, jaipur, दिल्ली, मुंबई',
  'Asia/Makassar': 'bali, denpasar, wita',
  'Asia/Manila': 'maynila, quezon city, cebu, davao',
  'Asia/Nicosia': 'lefkosia, λευκωσια, limassol',
  'Asia/Novosibirsk': 'siberia',
  'Asia/Riyadh': 'jeddah, mecca, ar riyad, الرياض, جدة',
  'Asia/Seoul': 'busan, kst, 서울, 부산, incheon, seul',
  'Asia/Shanghai':
    'beijing, shenzhen, guangzhou, chengdu, china standard time, 上海, 北京, 深圳, 广州, pekin, peking',
  'Asia/Singapore': 'singapura, 新加坡, singapour, singapur',
  'Asia/Taipei': '台北, kaohsiung, tajpej',
  'Asia/Tehran': 'تهران, mashhad, isfahan',
  'Asia/Tokyo': 'osaka, kyoto, yokohama, jst, 東京, 大阪, 京都, nagoya, sapporo, tokio',
  'Atlantic/Azores': 'ponta delgada',
  'Atlantic/Canary': 'las palmas, tenerife, canary islands, canarias',
  'Australia/Brisbane': 'queensland, gold coast, aest',
  'Australia/Hobart': 'tasmania, aest, aedt',
  'Australia/Melbourne': 'victoria, aest, aedt',
  'Australia/Perth': 'western australia, awst',
  'Australia/Sydney': 'new south wales, canberra, aest, aedt',
  'Europe/Amsterdam': 'rotterdam, the hague, den haag, utrecht, eindhoven',
  'Europe/Athens': 'athina, αθηνα, thessaloniki, athenes, ateny',
  'Europe/Belgrade': 'beograd, београд, novi sad, sarajevo, skopje, podgorica',
  'Europe/Berlin':
    'munich, bavaria, bayern, hamburg, cologne, frankfurt, stuttgart, dusseldorf, leipzig, cet, cest, munchen, koln, nurnberg, monachium, hanover, bremen, dresden',
  'Europe/Bratislava': 'kosice, bratyslawa',
  'Europe/Brussels': 'antwerp, ghent, cet, cest, bruxelles, brussel, antwerpen, gent, liege, bruksela',
  'Europe/Bucharest': 'bucuresti, cluj, iasi, timisoara, bucarest, bukareszt',
  'Europe/Budapest': 'debrecen, szeged',
  'Europe/Chisinau': 'kishinev, kiszyniow',
  'Europe/Copenhagen': 'kobenhavn, copenhague, aarhus, odense, kopenhaga, kopenhagen',
  'Europe/Dublin': 'cork, galway, baile atha cliath',
  'Europe/Helsinki': 'helsingfors, tampere, turku',
  'Europe/Istanbul': 'ankara, izmir, trt, stambul, bursa, antalya',
  'Europe/Kyiv': 'kiev, lviv, odesa, eet, eest, kyjiv, київ, львів, kijow, lwow, kharkiv',
  'Europe/Lisbon': 'lisboa, porto, lisbonne, lizbona',
  'Europe/London':
    'england, scotland, wales, northern ireland, manchester, birmingham, edinburgh, glasgow, uk, britain, gmt, greenwich mean time, bst, londres, londyn, londra, bristol, leeds, liverpool, cardiff, belfast',
  'Europe/Luxembourg': 'letzebuerg, luksemburg',
  'Europe/Madrid': 'barcelona, valencia, seville, cet, cest, sevilla, malaga, bilbao, zaragoza',
  'Europe/Minsk': 'мінск, минск',
  'Europe/Moscow':
    'st petersburg, saint petersburg, msk, moskva, moscou, moskwa, moskau, москва, sankt peterburg, санкт петербург',
  'Europe/Oslo': 'bergen, trondheim',
  'Europe/Paris':
    'lyon, marseille, corsica, corse, toulouse, nice, lille, bordeaux, cet, cest, nantes, strasbourg, montpellier, paryz, parigi',
  'Europe/Prague': 'praha, brno, ostrava',
  'Europe/Rome':
    'milan, naples, turin, florence, cet, cest, roma, milano, napoli, torino, firenze, venezia, venice, bologna, palermo, rzym',
  'Europe/Sofia': 'софия, plovdiv, varna',
  'Europe/Stockholm': 'goteborg, gothenburg, malmo, uppsala',
  'Europe/Vienna': 'wien, graz, linz, salzburg, innsbruck, vienne, wieden',
  'Europe/Vilnius': 'kaunas, wilno',
  'Europe/Warsaw':
    'krakow, gdansk, wroclaw, poznan, cet, cest, warszawa, varsovie, warschau, lodz, katowice, lublin, szczecin, cracow',
  'Europe/Zagreb': 'split, rijeka, zagrzeb',
  'Europe/Zurich':
    'geneva, basel, bern, cet, cest, geneve, genf, bale, berne, lausanne, luzern, zurych, genewa',
  'Pacific/Auckland': 'wellington, christchurch, nzst, nzdt',
  'Pacific/Honolulu': 'hawaii, hst',
  UTC: 'gmt, greenwich mean time, zulu, coordinated universal time',
};
