using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Callers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "is_service_account",
                table: "users",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "permissions",
                table: "users",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<bool>(
                name: "accept_sign_count_regression",
                table: "relying_parties",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AlterColumn<string>(
                name: "user_id",
                table: "ceremonies",
                type: "TEXT",
                maxLength: 64,
                nullable: true,
                oldClrType: typeof(string),
                oldType: "TEXT",
                oldMaxLength: 64);

            migrationBuilder.AddColumn<string>(
                name: "bound_to",
                table: "ceremonies",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "spent_at",
                table: "ceremonies",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "access_tokens",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    kind = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    credential_uuid = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: false),
                    revoked_at = table.Column<long>(type: "INTEGER", nullable: true),
                    used_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_access_tokens", x => new { x.organisation_id, x.id });
                    table.ForeignKey(
                        name: "fk_access_tokens_credentials_organisation_id_credential_uuid",
                        columns: x => new { x.organisation_id, x.credential_uuid },
                        principalTable: "credentials",
                        principalColumns: new[] { "organisation_id", "uuid" },
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "fk_access_tokens_users_organisation_id_user_id",
                        columns: x => new { x.organisation_id, x.user_id },
                        principalTable: "users",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_access_tokens_organisation_id_credential_uuid",
                table: "access_tokens",
                columns: new[] { "organisation_id", "credential_uuid" });

            migrationBuilder.CreateIndex(
                name: "ix_access_tokens_organisation_id_user_id",
                table: "access_tokens",
                columns: new[] { "organisation_id", "user_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "access_tokens");

            migrationBuilder.DropColumn(
                name: "is_service_account",
                table: "users");

            migrationBuilder.DropColumn(
                name: "permissions",
                table: "users");

            migrationBuilder.DropColumn(
                name: "accept_sign_count_regression",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "bound_to",
                table: "ceremonies");

            migrationBuilder.DropColumn(
                name: "spent_at",
                table: "ceremonies");

            migrationBuilder.AlterColumn<string>(
                name: "user_id",
                table: "ceremonies",
                type: "TEXT",
                maxLength: 64,
                nullable: false,
                defaultValue: "",
                oldClrType: typeof(string),
                oldType: "TEXT",
                oldMaxLength: 64,
                oldNullable: true);
        }
    }
}
