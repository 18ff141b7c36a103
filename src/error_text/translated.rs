//! What PostgreSQL, libpq and the C library say in other languages, by the words of their own catalogues. It is asked
//! after the English rules: a text without a SQLSTATE has nothing else to tell it by.

use super::ErrorClass::{self, *};

/// Class and pattern, in the order in which they are tried: German, French, Spanish, Portuguese, Italian, Russian,
/// Polish, Chinese, Japanese, Korean, as far as the sentence is told from others by few words.
pub(super) const TRANSLATED: &[(ErrorClass, &str)] = &[
    (
        ServerSlotsFull,
        "zu viele verbindungen|verbleibenden verbindungen sind|trop de (clients|connexions)|connexions? restants? sont r|\
         demasiad[oa]s (clientes|conexiones)|conexiones restantes est|(muitos|muitas) (clientes|conexões)|\
         vagas de conexão restantes|tropp[ie] (client|connessioni)|slot di connessione sono|слишком много (клиентов|подключений)|\
         слоты подключений|太多的客户|连接太多|连接位置|クライアント数が多すぎ|接続が多すぎ|接続スロットは|접속자 수를 초과|접속수를 초과|남은 연결 슬롯",
    ),
    (
        StaleConnection,
        "verbindung wird abgebrochen|beendete die verbindung|verbindung wurde unerwartet|keine verbindung mit dem server|\
         konnte keine daten vom server|kommunikationspartner zurückgesetzt|vom remotehost geschlossen|arrêt des? (la )?connexions? |\
         connexion (ssl |au serveur )?a été (coupée|fermée)|a fermé la connexion|aucune connexion au serveur|\
         connexion ré-?initialisée|terminando la conexión|cerrado (la conexión )?inesperadamente|no hay conexión con el servidor|\
         conexión reinicializada|fechou a conexão|conexão fechada|terminando conexão|ha chiuso la connessione|\
         interruzione della connessione|connessione interrotta|connessione è stata terminata|закрытие подключения|закрыл соединение|\
         соединение разорвано|неожиданно закрыто|połączenie zerwane|关闭了[联连]接|中断[联连]接|终止连接|连接被对方重[设置]|\
         接続を終了し|クローズされました|相手からリセット|연결을 끝냅니다|연결을 닫았음|상대편이 연결을 끊음",
    ),
    (
        Dns,
        "hostnamen? .{0,80}nicht in adresse|name oder der dienst ist nicht|namensauflösung|traduire le nom d'hôte|\
         nom ou service inconnu|résolution d[ue] nom|traducir el nombre|nombre o servicio desconocido|resolución del nombre|\
         traduzir (o )?nome da m|nome ou serviço desconhecido|resolução de nome|nome host .{0,80}in indirizzo|risoluzione del nome|\
         преобразовать имя|имя или служба|разрешении имен|usługa jest nieznana|主机名|名称或服务|域名解析|\
         アドレスに変換できません|名前またはサービス|名前解決|호스트 이름을|이름 혹은 서비스",
    ),
    (
        ConnectRefused,
        "verbindungsaufbau abgelehnt|zielcomputer die verbindung verweigerte|datenbanksystem (startet|fährt)|keine route zum|\
         netzwerk ist nicht erreichbar|connexion refusée|expressément refusée|système de bases? de données (se lance|est en cours|s'arrête)|\
         chemin d'accès pour atteindre l'hôte|conexión (rehusada|rechazada|denegada)|base de datos está (inici|apag)|la red es inaccesible|\
         conexão recusada|banco de dados está (inici|deslig)|connessione rifiutata|database si sta|в соединении отказано|\
         система баз данных (запуска|останавлива)|сеть недоступна|połączenie odrzucone|拒绝连接|积极拒绝|連線被拒|数据库系统(启动|停止)中|\
         没有到主机的路由|接続を拒否|データベースシステムは(起動|シャットダウン)|연결이 거부|데이터베이스 시스템이",
    ),
    (
        ConnectTimeout,
        "timeout abgelaufen|wartezeit für die verbindung|verbindung.{0,60}zeitüberschreitung|délai est dépassé|expiration du délai d'attente|\
         tiempo de espera agotado|expiró el tiempo de conexión|tempo esgotado para conexão|tempo limite.{0,40}conexão|timeout scaduto|\
         connessione scaduta|время ожидания соединения|подключиться к серверу.{0,120}тайм-аут|czas oczekiwania na połączenie|\
         连接超时|超时满|接続がタイムアウト|タイムアウト期間|연결 시간 초과",
    ),
];

/// How the same say that it is about the login or the statement.
pub(super) const TRANSLATED_ELSEWHERE: &str = "passwort-authentifizierung|authentification par mot de passe|autentificación|\
     autenticação|autenticazione con password|проверку подлинности|认证失败|パスワード認証|인증을 실패|storniere anfrage|annulation de la requête|\
     cancelando la sentencia|выполнение оператора отменено|取消查询|ステートメントをキャンセル";
