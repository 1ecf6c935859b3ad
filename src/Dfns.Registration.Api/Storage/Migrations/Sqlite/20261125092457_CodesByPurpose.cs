using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class CodesByPurpose : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "credentials_version",
                table: "users",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "codes",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    purpose = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    code_hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: false),
                    sent_at = table.Column<long>(type: "INTEGER", nullable: true),
                    failed_attempts = table.Column<long>(type: "INTEGER", nullable: false),
                    consumed_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_codes", x => new { x.organisation_id, x.user_id, x.purpose });
                });

            migrationBuilder.CreateTable(
                name: "credential_codes",
                columns: table => new
                {
                    code_hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: false),
                    consumed_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_credential_codes", x => x.code_hash);
                    table.ForeignKey(
                        name: "fk_credential_codes_users_organisation_id_user_id",
                        columns: x => new { x.organisation_id, x.user_id },
                        principalTable: "users",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_credential_codes_organisation_id_user_id",
                table: "credential_codes",
                columns: new[] { "organisation_id", "user_id" });

            // The codes of registrations as they are; decoys of the other purposes; and for users who are registered, rows to count on.
            migrationBuilder.Sql(
                """
                INSERT INTO codes (organisation_id, user_id, purpose, code_hash, created_at, expires_at, sent_at, failed_attempts, consumed_at)
                SELECT organisation_id, user_id, 'Registration', code_hash, created_at, expires_at, sent_at, failed_attempts, consumed_at FROM registration_codes;
                """);
            foreach (var purpose in new[] { "Login", "Recovery" })
            {
                migrationBuilder.Sql(
                    $"""
                    INSERT INTO codes (organisation_id, user_id, purpose, code_hash, created_at, expires_at, failed_attempts)
                    SELECT organisation_id, user_id, '{purpose}', zeroblob(32), created_at, expires_at, 0 FROM registration_codes WHERE organisation_id = '';
                    """);
                migrationBuilder.Sql(
                    $"""
                    INSERT INTO codes (organisation_id, user_id, purpose, code_hash, created_at, expires_at, failed_attempts)
                    SELECT organisation_id, id, '{purpose}', zeroblob(32), registered_at, registered_at, 0 FROM users WHERE registered_at IS NOT NULL AND NOT is_service_account;
                    """);
            }

            migrationBuilder.DropTable(
                name: "registration_codes");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "credential_codes");

            migrationBuilder.DropColumn(
                name: "credentials_version",
                table: "users");

            migrationBuilder.CreateTable(
                name: "registration_codes",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    code_hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    consumed_at = table.Column<long>(type: "INTEGER", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: false),
                    failed_attempts = table.Column<long>(type: "INTEGER", nullable: false),
                    sent_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_registration_codes", x => new { x.organisation_id, x.user_id });
                });

            migrationBuilder.Sql(
                """
                INSERT INTO registration_codes (organisation_id, user_id, code_hash, created_at, expires_at, sent_at, failed_attempts, consumed_at)
                SELECT organisation_id, user_id, code_hash, created_at, expires_at, sent_at, failed_attempts, consumed_at FROM codes WHERE purpose = 'Registration';
                """);

            migrationBuilder.DropTable(
                name: "codes");
        }
    }
}
